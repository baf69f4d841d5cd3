create table journal (
    seq {{identity}},
    workspace_id bigint not null,
    at bigint not null,
    recorded_at bigint not null,
    actor text not null,
    kind text not null,
    subject text not null,
    detail text not null
);
create index journal_subject on journal (workspace_id, subject, seq);
create index journal_kind on journal (workspace_id, kind, seq);
create table journal_cursor (
    consumer text not null primary key,
    seq bigint not null
);
