//! Conditions in CEL, decision tables and rules over typed facts.
