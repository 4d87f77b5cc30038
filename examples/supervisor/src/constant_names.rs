//! The names that `strace` prints for numbers.

/// Pairs of a constant of the C library and its name.
macro_rules! named {
    ($($name:ident)*) => { &[$((libc::$name as i64, stringify!($name))),*] };
}

type Names = &'static [(i64, &'static str)];

const ERRNOS: Names = named! {
    EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT EBUSY
    EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE
    EROFS EMLINK EPIPE ERANGE ENAMETOOLONG ENOSYS ENOTEMPTY ELOOP ENODATA EOVERFLOW ENOTSOCK
    EOPNOTSUPP EDQUOT ESTALE
};

const OPEN_FLAGS: Names = named! {
    O_CREAT O_EXCL O_NOCTTY O_TRUNC O_APPEND O_NONBLOCK O_SYNC O_DSYNC O_ASYNC O_DIRECT O_TMPFILE
    O_DIRECTORY O_NOFOLLOW O_NOATIME O_CLOEXEC O_PATH
};

const FCNTL_COMMANDS: Names = named! {
    F_DUPFD F_DUPFD_CLOEXEC F_GETFD F_SETFD F_GETFL F_SETFL F_GETLK F_SETLK F_SETLKW F_OFD_GETLK
    F_OFD_SETLK F_OFD_SETLKW F_GETOWN F_SETOWN F_GETLEASE F_SETLEASE F_NOTIFY F_GETPIPE_SZ
    F_SETPIPE_SZ F_ADD_SEALS F_GET_SEALS
};

const WHENCES: Names = named! { SEEK_SET SEEK_CUR SEEK_END SEEK_DATA SEEK_HOLE };

const AT_FLAGS: Names =
    named! { AT_SYMLINK_NOFOLLOW AT_SYMLINK_FOLLOW AT_REMOVEDIR AT_NO_AUTOMOUNT AT_EMPTY_PATH };

const CLOSE_RANGE_FLAGS: Names = named! { CLOSE_RANGE_UNSHARE CLOSE_RANGE_CLOEXEC };

const RESOURCES: Names = named! { RLIMIT_NOFILE RLIMIT_FSIZE };

fn name(names: Names, value: i64) -> Option<&'static str> {
    names.iter().find(|(known, _)| *known == value).map(|(_, name)| *name)
}

fn one_of(names: Names, value: i32) -> String {
    name(names, value.into()).map_or_else(|| value.to_string(), Into::into)
}

/// The names of the bits, joined by `|`, after `first`.
fn bits(names: Names, first: Option<&str>, mut value: i64) -> String {
    let mut words: Vec<String> = first.into_iter().map(Into::into).collect();
    // What has more bits comes first, as O_SYNC has those of O_DSYNC.
    let mut names = names.to_vec();
    names.sort_by_key(|(bits, _)| std::cmp::Reverse(bits.count_ones()));
    for (bits, name) in names {
        if value & bits == bits {
            words.push(name.into());
            value &= !bits;
        }
    }
    if value != 0 || words.is_empty() {
        words.push(format!("{value:#x}"));
    }
    words.join("|")
}

pub(crate) fn errno(errno: i32) -> String {
    one_of(ERRNOS, errno)
}

pub(crate) fn open_flags(flags: i32) -> String {
    let access = match flags & libc::O_ACCMODE {
        libc::O_RDONLY => "O_RDONLY",
        libc::O_WRONLY => "O_WRONLY",
        libc::O_RDWR => "O_RDWR",
        _ => "O_ACCMODE",
    };
    bits(OPEN_FLAGS, Some(access), i64::from(flags & !libc::O_ACCMODE))
}

pub(crate) fn fcntl_command(command: i32) -> String {
    one_of(FCNTL_COMMANDS, command)
}

pub(crate) fn whence(whence: i32) -> String {
    one_of(WHENCES, whence)
}

pub(crate) fn resource(resource: i32) -> String {
    one_of(RESOURCES, resource)
}

pub(crate) fn at_flags(flags: i32) -> String {
    if flags == 0 { "0".into() } else { bits(AT_FLAGS, None, flags.into()) }
}

pub(crate) fn close_range_flags(flags: i32) -> String {
    if flags == 0 { "0".into() } else { bits(CLOSE_RANGE_FLAGS, None, flags.into()) }
}
