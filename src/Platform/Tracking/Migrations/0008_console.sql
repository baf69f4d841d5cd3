-- Output of runs, as it comes. The number within its source makes a piece that is sent twice one piece.
create table run_console (
    piece_key {{identity}},
    workspace_id bigint not null,
    run_key bigint not null,
    source text not null,
    seq bigint not null,
    at bigint not null,
    stream text not null,
    body text not null,
    total bigint not null
);
create unique index run_console_once on run_console (workspace_id, run_key, source, seq);
create index run_console_order on run_console (workspace_id, run_key, piece_key);
