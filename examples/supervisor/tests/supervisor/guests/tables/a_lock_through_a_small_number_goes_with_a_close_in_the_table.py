for close in (
    os.close,
    lambda w: os.closerange(w, w + 1),
    lambda w: os.dup2(0, w),
    lambda w: os.dup2(os.open('g', os.O_RDWR | os.O_CREAT), w),
):
    r, w = os.open('f', os.O_RDONLY | os.O_CREAT), os.open('f', os.O_RDWR)
    fcntl.lockf(r, fcntl.LOCK_SH)
    print(locked())
    close(w)
    print(locked())
    os.close(r)
