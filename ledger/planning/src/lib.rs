//! What stock needs to be planned and checked: BOMs, requisitions, counts, sampling, settlement.
