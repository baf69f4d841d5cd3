create table alert_channel (
    workspace_id bigint not null,
    name text not null,
    kind text not null,
    url text,
    operator_owned bigint not null,
    managed_by text not null,
    updated_at bigint not null,
    primary key (workspace_id, managed_by, name)
);
create table alert_delivery (
    workspace_id bigint not null,
    key text not null,
    channel text not null,
    title text not null,
    message text not null,
    status text not null,
    attempts bigint not null,
    next_at bigint not null,
    error text,
    created_at bigint not null,
    delivered_at bigint,
    primary key (workspace_id, key, channel)
);
create index alert_delivery_due on alert_delivery (status, next_at);
