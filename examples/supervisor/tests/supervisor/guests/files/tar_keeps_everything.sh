mkdir -p s/d1/d2 s/empty
seq 1 3000 >s/d1/f
ln s/d1/f s/d1/d2/hard
ln -s d1/f s/link
mkfifo s/p
chmod 640 s/d1/f
touch -d @1000000 s/d1/f
tar cf t.tar s
tar tvf t.tar | awk '{ print $1, $3, $6, $7, $8 }' | grep -v ' 0 s' | sort
mkdir o
tar xpf t.tar -C o
find o -printf '%P %y %m %n\n' | sort
cmp s/d1/f o/s/d1/f
echo more >s/new
tar rf t.tar s/new
tar uf t.tar s
tar df t.tar
tar --delete -f t.tar s/p
tar xOf t.tar s/new
tar cf - s | tar tf - | wc -l
