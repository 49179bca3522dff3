//! The fields of tasks, postings and movements.

use super::{HIDDEN, HIDDEN_HASH, Mask, words};
use crate::{
    Bucket, CountLine, Counted, Custom, Decision, DocumentContent, DocumentLine, DocumentLink, Field,
    FieldRights, Location, Movement, MovementLine, Posting, PostingLine, Task, TaskLine,
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

impl Mask for Task {
    fn mask(&mut self, rights: &FieldRights) {
        let Self {
            id: _,
            station: _,
            kind: _,
            document: _,
            ordered_by: _,
            approved_by: _,
            reservation: _,
            lines,
            custom: own,
        } = self;
        lines.mask(rights);
        custom(own, rights);
    }
}

impl Mask for Posting {
    fn mask(&mut self, rights: &FieldRights) {
        let Self {
            id: _,
            kind: _,
            document: _,
            reason,
            lines,
            counts,
            effective: _,
            reverses: _,
            expires_ms: _,
            custom: own,
        } = self;
        if let Some(reason) = reason {
            words::note(reason, rights);
        }
        lines.mask(rights);
        counts.mask(rights);
        custom(own, rights);
    }
}

/// The name of the other side; and what a partner's own document says of him.
impl Mask for DocumentContent {
    fn mask(&mut self, rights: &FieldRights) {
        let hides = self.partner_fields().iter().any(|field| !rights.sees(field));
        let hides_title = hides && self.document.kind == crate::DocumentKind::Partner;
        let Self {
            document: _,
            version: _,
            title,
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
        if hides && partner.is_some() {
            *partner = Some(HIDDEN.to_owned());
        }
        if hides_title && !title.is_empty() {
            HIDDEN.clone_into(title);
        }
        if !note.is_empty() {
            words::note(note, rights);
        }
        lines.mask(rights);
        links.mask(rights);
        custom(own, rights);
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
        from.mask(rights);
        to.mask(rights);
        owner(of, rights);
        links.mask(rights);
        custom(own, rights);
    }
}

impl Mask for DocumentLink {
    fn mask(&mut self, rights: &FieldRights) {
        let Self { document: _, line: _, digest } = self;
        if !shows_digests(rights) {
            digest.iter_mut().for_each(|digest| *digest = HIDDEN_HASH);
        }
    }
}

impl Mask for Movement {
    fn mask(&mut self, rights: &FieldRights) {
        let Self {
            id: _,
            kind: _,
            document: _,
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
