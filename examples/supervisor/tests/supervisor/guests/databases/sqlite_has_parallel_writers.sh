for m in wal delete; do
    sqlite3 $m.db "pragma journal_mode=$m; create table t(w, i);"
    for w in 1 2 3 4; do
        (for i in $(seq 1 8); do
            sqlite3 -cmd '.timeout 60000' $m.db "insert into t values ($w, $i);"
        done) &
    done
    wait
    sqlite3 $m.db 'select w, count(*), sum(i) from t group by w; pragma integrity_check;'
done
