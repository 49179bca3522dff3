//! What there is to try: the operations of the API, the kinds of movement and of document.

/// Operations that move nothing and open nothing to be moved, whoever calls them.
pub(super) const HARMLESS: [&str; 41] = [
    // Who is who.
    "post /activate",
    "post /enrol",
    "post /clients",
    "delete /clients/{client}",
    "post /operators",
    "delete /operators/{operator}",
    "delete /operators/{operator}/factors/{factor}",
    "post /operators/{operator}/unlock",
    "delete /changes/{change}",
    "post /changes/{change}/decision",
    "post /reviews",
    "post /reviews/{review}/decisions",
    "post /session",
    "delete /session",
    "post /session/factors",
    "post /session/factors/passkey",
    "post /session/factors/totp",
    "delete /session/factors/{factor}",
    "post /session/pin",
    "post /session/resume",
    "post /session/second",
    "delete /session/second",
    "post /session/step-up",
    "post /session/step-up/options",
    "post /stations/{station}/session",
    "delete /stations/{station}/session",
    // What is told, printed or signed with.
    "post /api/v1/labels",
    "post /api/v1/labels/{id}/decide",
    "post /api/v1/ledger/key",
    "post /api/v1/notices/{id}/retry",
    "post /api/v1/todos/{entry}/done",
    "post /deliveries/{lane}/{movement}/retry",
    "post /api/v1/documents/check",
    // What somebody found: what differs is signed before it is posted.
    "post /api/v1/documents/{kind}/{number}/count",
    "post /api/v1/imports",
    "post /api/v1/imports/{import}/end",
    // What a tag stands for, and what stock is worth; not where it is.
    "post /api/v1/stations/{station}/tags/{epc}/access",
    "post /api/v1/tags",
    "delete /api/v1/tags",
    "post /api/v1/landed-costs",
    "post /api/v1/periods/close",
];

/// Operations that could move something; each is tried below.
pub(super) const DOORS: [&str; 16] = [
    "post /tasks",
    "post /tasks/{task}/approve",
    "delete /tasks/{task}",
    "post /holds/{pass}/decision",
    "post /quarantine/{pass}/dismiss",
    "post /stations/{station}/close-pass",
    "post /api/v1/postings",
    "post /api/v1/postings/{id}/post",
    "post /api/v1/postings/{id}/confirmation",
    "post /api/v1/postings/{id}/void",
    "post /api/v1/documents",
    "post /api/v1/imports/{import}/documents",
    "post /api/v1/documents/{kind}/{number}/submit",
    "post /api/v1/documents/{kind}/{number}/act",
    "post /api/v1/documents/{kind}/{number}/step",
    "post /api/v1/links/{token}",
];

/// Every kind of movement.
pub(super) const MOVEMENTS: [&str; 18] = [
    "receipt",
    "put-away",
    "issue",
    "transfer",
    "shipment",
    "count",
    "adjustment",
    "supplier-return",
    "customer-return",
    "production-issue",
    "production-receipt",
    "production-return",
    "subcontract-out",
    "subcontract-in",
    "scrap",
    "status-change",
    "pack",
    "unpack",
];

/// Kinds of document on which stock has moved without a procedure.
pub(super) const DOCUMENTS: [&str; 9] = [
    "purchase-order",
    "requisition",
    "transfer-order",
    "sales-order",
    "work-order",
    "return-order",
    "adjustment-request",
    "receipt",
    "item",
];
