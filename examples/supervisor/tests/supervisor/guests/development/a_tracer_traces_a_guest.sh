echo x >f
strace -f -o t -e trace=execve cat f
grep -c execve t
strace -o u -e trace=exit_group sh -c 'exit 3' || echo $?
tail -1 u
