create table workspace (
    id {{identity}},
    name text not null unique,
    created_at bigint not null
);
insert into workspace (name, created_at) values ('default', 0);
create table access_token (
    id {{identity}},
    workspace_id bigint not null,
    name text not null,
    role text not null,
    prefix text not null,
    sha256 text not null unique,
    created_at bigint not null,
    expires_at bigint,
    last_used_at bigint,
    revoked_at bigint
);
create unique index access_token_name on access_token (workspace_id, name) where revoked_at is null;
create table protection_key (
    id {{identity}},
    name text not null,
    xml text not null
);
