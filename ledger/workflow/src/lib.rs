//! Who must sign a document, in which order, and what each signature does.
