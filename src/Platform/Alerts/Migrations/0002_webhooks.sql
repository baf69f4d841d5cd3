create table webhook (
    workspace_id bigint not null,
    webhook_id text not null,
    name text not null,
    description text,
    url text not null,
    events text not null,
    secret text,
    active bigint not null,
    operator_owned bigint not null,
    after_seq bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (workspace_id, webhook_id)
);
create table webhook_delivery (
    workspace_id bigint not null,
    delivery_id text not null,
    webhook_id text not null,
    seq bigint not null,
    event text not null,
    body text not null,
    status text not null,
    attempts bigint not null,
    response_status bigint,
    error text,
    next_at bigint,
    created_at bigint not null,
    delivered_at bigint,
    primary key (workspace_id, delivery_id)
);
create index webhook_delivery_due on webhook_delivery (next_at);
create index webhook_delivery_newest on webhook_delivery (workspace_id, webhook_id, seq);
