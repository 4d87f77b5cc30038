for m in delete truncate persist memory wal off; do
    sqlite3 $m.db "pragma journal_mode=$m;
        create table t(a integer primary key, b);
        begin;
        with recursive c(x) as (select 1 union all select x + 1 from c where x < 500)
            insert into t select x, hex(x) from c;
        commit;
        begin;
        delete from t where a > 100;
        rollback;
        select count(*), sum(a) from t;
        create index i on t(b);
        pragma integrity_check;
        vacuum;
        select b from t where a = 77;"
done
ls
sqlite3 wal.db 'pragma mmap_size=1000000;
    pragma wal_checkpoint(truncate);
    select count(*) from t;
    attach "delete.db" as d;
    insert into d.t(b) select b from t;
    select count(*) from d.t;'
sqlite3 wal.db .dump | md5sum
sqlite3 wal.db '.backup b.db'
sqlite3 b.db 'select count(*) from t'
echo not a database, but long enough to be one >n.db
sqlite3 n.db 'select 1 from t' 2>&1 || echo $?
