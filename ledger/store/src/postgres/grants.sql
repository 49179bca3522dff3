-- What the two roles may do; run after the migrations, and harmless when repeated. A gateway adds to
-- its journal and keeps the projections; an auditor reads all but PIN hashes.
REVOKE ALL ON SCHEMA gatewarden FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA gatewarden FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA gatewarden FROM PUBLIC, gatewarden_gateway, gatewarden_auditor;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA gatewarden FROM PUBLIC, gatewarden_gateway, gatewarden_auditor;
GRANT USAGE ON SCHEMA gatewarden TO gatewarden_gateway, gatewarden_auditor;

GRANT SELECT ON ALL TABLES IN SCHEMA gatewarden TO gatewarden_gateway, gatewarden_auditor;
REVOKE SELECT ON gatewarden.credential FROM gatewarden_auditor;

GRANT INSERT ON gatewarden.lane_key, gatewarden.node, gatewarden.checkpoint,
    gatewarden.movement_index, gatewarden.subject, gatewarden.news
    TO gatewarden_gateway;
-- Not `position` nor `nth`: nobody chooses its place among the lanes, or among the newest.
GRANT INSERT (lane, seq, leaf, bytes) ON gatewarden.entry TO gatewarden_gateway;
GRANT INSERT (lane, size, name, line) ON gatewarden.cosignature TO gatewarden_gateway;
GRANT USAGE ON SEQUENCE gatewarden.position TO gatewarden_gateway;
GRANT INSERT, DELETE ON gatewarden.live TO gatewarden_gateway;
GRANT INSERT, UPDATE, DELETE ON gatewarden.credential, gatewarden.balance, gatewarden.pool,
    gatewarden.thing, gatewarden.lot TO gatewarden_gateway;
GRANT EXECUTE ON FUNCTION gatewarden.own_lane(), gatewarden.take_locks(bigint[], boolean[])
    TO gatewarden_gateway;
