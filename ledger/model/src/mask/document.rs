//! The fields of tasks, postings and movements.

use super::{HIDDEN, HIDDEN_HASH, Mask, words};
use crate::{
    Bucket, CountLine, CountSheet, Counted, Custom, Decision, DocumentContent, DocumentKind,
    DocumentLine, Field, FieldRights, Hash, Location, Movement, MovementLine, Posting, PostingLine,
    Task, TaskLine,
};

/// The fields that a posting or a task may hold, and a digest of it with them.
const OF_DOCUMENT: [Field; 6] =
    [Field::Price, Field::Supplier, Field::Customer, Field::Owner, Field::Notes, Field::AnyCustom];

/// Whether the digest of a document whose content is not known here may be seen.
pub(super) fn shows_digests(rights: &FieldRights) -> bool {
    OF_DOCUMENT.iter().all(|field| rights.sees(field))
}

// What an item is called and how it is counted and valued; what it is worth is nowhere in it.
crate::no_fields!(crate::Item);

/// Of what a decision was made on, what it was worth and whose it was are fields of documents.
impl Mask for Decision {
    fn mask(&mut self, rights: &FieldRights) {
        if !(rights.sees(&Field::Price) && rights.sees(&Field::Cost)) {
            self.facts.remove("amount");
        }
        if !rights.sees(&Field::Owner) {
            self.facts.remove("owners");
        }
    }
}

impl Mask for Location {
    fn mask(&mut self, rights: &FieldRights) {
        words::place(self, rights);
    }
}

/// Who owns stock. That somebody else than the house does is told in any case: such stock is not like
/// the house's.
fn owner(owner: &mut Option<String>, rights: &FieldRights) {
    if !rights.sees(&Field::Owner) && owner.is_some() {
        *owner = Some(HIDDEN.to_owned());
    }
}

fn custom(custom: &mut Custom, rights: &FieldRights) {
    custom.retain(|name, _| rights.sees(&Field::Custom(name.clone())));
}

/// The fields of a settlement that tell what something costs.
const PRICED: [&str; 3] = ["fee", "charges", "balance"];

/// What a settlement says beside its lines is money too.
fn settled(custom: &mut Custom, rights: &FieldRights) {
    if !rights.sees(&Field::Price) {
        custom.retain(|name, _| !PRICED.contains(&name.as_str()));
    }
}

/// The digest of a document's version tells its content to whoever tries all that it may be.
fn version(digest: &mut Option<Hash>, rights: &FieldRights) {
    if digest.is_some() && !shows_digests(rights) {
        *digest = Some(HIDDEN_HASH);
    }
}

impl Mask for DocumentLine {
    fn mask(&mut self, rights: &FieldRights) {
        let Self {
            line: _,
            item: _,
            quantity: _,
            from,
            to,
            lot: _,
            owner: of,
            from_status: _,
            to_status: _,
            amount,
            due: _,
            links,
            custom: own,
        } = self;
        if !rights.sees(&Field::Price) {
            *amount = None;
        }
        from.iter_mut().for_each(|place| place.mask(rights));
        to.iter_mut().for_each(|place| place.mask(rights));
        owner(of, rights);
        links.iter_mut().for_each(|link| version(&mut link.digest, rights));
        custom(own, rights);
    }
}

impl Mask for DocumentContent {
    fn mask(&mut self, rights: &FieldRights) {
        let settles = self.document.kind == DocumentKind::SubcontractSettlement;
        let names_hidden = self.partner_fields().iter().any(|field| !rights.sees(field));
        let Self {
            document: _,
            version: _,
            title: _,
            partner,
            date: _,
            due: _,
            requester: _,
            station: _,
            lines,
            links,
            custom: own,
            note,
        } = self;
        if names_hidden && partner.is_some() {
            *partner = Some(HIDDEN.to_owned());
        }
        lines.mask(rights);
        links.iter_mut().for_each(|link| version(&mut link.digest, rights));
        custom(own, rights);
        if settles {
            settled(own, rights);
        }
        // A note that is not there is no secret.
        if !note.is_empty() {
            words::note(note, rights);
        }
    }
}

impl Mask for Bucket {
    fn mask(&mut self, rights: &FieldRights) {
        let Self { lot: _, owner: of, status: _, unit: _ } = self;
        owner(of, rights);
    }
}

impl Mask for MovementLine {
    fn mask(&mut self, rights: &FieldRights) {
        let Self {
            line: _,
            item: _,
            lot: _,
            quantity: _,
            unit: _,
            from,
            to,
            things: _,
            stated: _,
            owner: of,
            from_status: _,
            to_status: _,
            from_unit: _,
            to_unit: _,
            expires: _,
            value,
        } = self;
        // What comes in from outside is worth what its document said.
        let is_price = !from.holds_stock();
        if !rights.sees(&Field::Cost) || (is_price && !rights.sees(&Field::Price)) {
            *value = None;
        }
        from.mask(rights);
        to.mask(rights);
        owner(of, rights);
    }
}

impl Mask for TaskLine {
    fn mask(&mut self, rights: &FieldRights) {
        let Self {
            line: _,
            item: _,
            quantity: _,
            from,
            to,
            lot: _,
            owner: of,
            from_status: _,
            to_status: _,
            value,
            things: _,
        } = self;
        if !rights.sees(&Field::Price) {
            *value = None;
        }
        from.mask(rights);
        to.mask(rights);
        owner(of, rights);
    }
}

impl Mask for PostingLine {
    fn mask(&mut self, rights: &FieldRights) {
        let Self {
            line: _,
            item: _,
            quantity: _,
            unit: _,
            lot: _,
            expires: _,
            owner: of,
            from,
            to,
            from_status: _,
            to_status: _,
            from_unit: _,
            to_unit: _,
            things: _,
            value,
        } = self;
        if !rights.sees(&Field::Price) {
            *value = None;
        }
        from.mask(rights);
        to.mask(rights);
        owner(of, rights);
    }
}

impl Mask for CountLine {
    fn mask(&mut self, rights: &FieldRights) {
        let Self { line: _, item: _, location, bucket, quantity: _, unit: _ } = self;
        location.mask(rights);
        bucket.mask(rights);
    }
}

impl Mask for Counted {
    fn mask(&mut self, rights: &FieldRights) {
        let Self { line: _, item: _, location, bucket, book: _, counted: _ } = self;
        location.mask(rights);
        bucket.mask(rights);
    }
}

impl Mask for CountSheet {
    fn mask(&mut self, rights: &FieldRights) {
        let Self { bin, by: _, auth_level: _, seen, unknown: _, pass: _, done: _, book } = self;
        bin.mask(rights);
        for one in seen {
            one.bucket.mask(rights);
            one.elsewhere.iter_mut().for_each(|place| place.mask(rights));
        }
        for one in book {
            one.bucket.mask(rights);
            if !rights.sees(&Field::Cost) {
                one.value = None;
            }
        }
    }
}

impl Mask for Task {
    fn mask(&mut self, rights: &FieldRights) {
        let Self {
            id: _,
            station: _,
            kind: _,
            document,
            document_digest: digest,
            requester: _,
            ordered_by: _,
            approved_by: _,
            reservation: _,
            lines,
            custom: own,
        } = self;
        version(digest, rights);
        lines.mask(rights);
        custom(own, rights);
        if document.kind == DocumentKind::SubcontractSettlement {
            settled(own, rights);
        }
    }
}

impl Mask for Posting {
    fn mask(&mut self, rights: &FieldRights) {
        let Self {
            id: _,
            kind: _,
            document,
            document_digest: digest,
            reason,
            lines,
            counts,
            effective: _,
            reverses: _,
            expires_ms: _,
            custom: own,
        } = self;
        version(digest, rights);
        if let Some(reason) = reason {
            words::note(reason, rights);
        }
        lines.mask(rights);
        counts.mask(rights);
        custom(own, rights);
        if document.kind == DocumentKind::SubcontractSettlement {
            settled(own, rights);
        }
    }
}

impl Mask for Movement {
    fn mask(&mut self, rights: &FieldRights) {
        let Self {
            id: _,
            kind: _,
            document: _,
            document_digest: digest,
            received_by: _,
            task: _,
            station: _,
            devices: _,
            pass,
            session: _,
            operator: _,
            auth_level: _,
            second,
            decision,
            approval_seq: _,
            approved_by: _,
            resolution_seq: _,
            lines,
            evidence,
            reservation: _,
            effective: _,
            back_dated: _,
            reverses: _,
            counts,
            revalues,
            voucher,
            confirmation,
        } = self;
        version(digest, rights);
        decision.mask(rights);
        second.iter_mut().for_each(|second| second.decision.mask(rights));
        lines.mask(rights);
        counts.mask(rights);
        if !rights.sees(&Field::Cost) {
            revalues.clear();
            voucher.clear();
        }
        // A posting's; that of a pass covers what was seen, and nobody hides that.
        if pass.is_none() && !shows_digests(rights) {
            *evidence = HIDDEN_HASH;
            // What was signed tells the digest to whoever tries.
            *confirmation = None;
        }
    }
}
