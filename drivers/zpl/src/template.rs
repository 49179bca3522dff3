//! Labels from templates (minijinja) and data. Pure; templates and fonts come as bytes.
//!
//! A template is ZPL with `{{ … }}`. Invariants: whatever a variable holds comes out as data, never as a command
//! (`^`, `~` and everything but plain ASCII as `^FH` hexadecimal, control characters as spaces; the filters that make
//! whole fields build them from checked parts); a template that can't be read, or that
//! uses what a job may not do, is refused when it is added, and once more when a label is made of it; rendering is bounded in steps and bytes; a variable without a
//! value is an error, not an empty field.
//! Absent: reading folders, sending.

mod barcode;
mod bitmap;
mod data;
mod escape;

use std::collections::BTreeMap;

use gatewarden_model::Hash;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};

pub use bitmap::{BITMAP_DOTS_MAX, BitmapError, Font, Graphic};
pub use data::{DataError, EPC_FORMS, LabelData, VALUE_BYTES_MAX, epc_bytes, make_sscc};
pub use escape::escape;

use crate::compose::{ComposeError, check_label, refused_in_template};

/// Most templates of one folder.
pub const TEMPLATES_MAX: usize = 100;
/// The longest template in bytes.
pub const TEMPLATE_BYTES_MAX: usize = 64 * 1024;
/// Steps that rendering a label may take.
pub const FUEL_MAX: u64 = 50_000;

/// Why a template or a label made of it is refused.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// No template of that name.
    #[error("no template {0:?}; there are: {1}")]
    Unknown(String, String),
    /// Too long, or one too many.
    #[error("template {0}: at most {TEMPLATES_MAX} templates of {TEMPLATE_BYTES_MAX} bytes")]
    TooMuch(String),
    /// The template's own mistake, or that of a value.
    #[error("template {name}: {detail}")]
    Render {
        /// Which template.
        name: String,
        /// What is wrong, with the line.
        detail: String,
    },
    /// What came out is no label.
    #[error("template {name}: {source}")]
    Label {
        /// Which template.
        name: String,
        /// Why.
        source: ComposeError,
    },
    /// The data is wrong.
    #[error(transparent)]
    Data(#[from] DataError),
}

/// A folder of templates, and the font for what printers have no letters for.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    sources: BTreeMap<String, String>,
}

impl Templates {
    /// No templates yet. Without a font the filter `bitmap` is refused.
    #[must_use]
    pub fn new(font: Option<Font>) -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::Custom("zpl"));
        environment.set_fuel(Some(FUEL_MAX));
        // These would let data through as it is.
        for filter in ["safe", "escape", "e"] {
            environment.remove_filter(filter);
        }
        environment.set_formatter(|out, _, value| {
            if value.is_none() || value.is_undefined() {
                return Err(Error::new(
                    ErrorKind::UndefinedError,
                    "the label has no value for this",
                ));
            }
            let text = value.to_string();
            let written =
                if value.is_safe() { out.write_str(&text) } else { out.write_str(&escape(&text)) };
            written.map_err(|_| Error::new(ErrorKind::WriteFailure, "no room"))
        });
        barcode::add_filters(&mut environment);
        bitmap::add_filter(&mut environment, font);
        environment.add_function("make_sscc", |prefix: String, serial: String| {
            make_sscc(&prefix, &serial).map_err(|e| invalid(&e))
        });
        Self { environment, sources: BTreeMap::new() }
    }

    /// Adds a template by its name.
    ///
    /// # Errors
    /// Where it doesn't parse, is too long, or uses what a job may not do.
    pub fn add(&mut self, name: &str, source: String) -> Result<(), TemplateError> {
        if source.len() > TEMPLATE_BYTES_MAX || self.sources.len() >= TEMPLATES_MAX {
            return Err(TemplateError::TooMuch(name.to_owned()));
        }
        let parsed = self.environment.template_from_named_str(name, &source).map(drop);
        parsed.map_err(|e| render_error(name, &e))?;
        if let Some((line, why)) = refused_in_template(&source) {
            let detail = format!("line {line}: {why}");
            return Err(TemplateError::Render { name: name.to_owned(), detail });
        }
        self.sources.insert(name.to_owned(), source);
        Ok(())
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.keys().map(String::as_str)
    }

    /// The digest of a template's text.
    #[must_use]
    pub fn digest(&self, name: &str) -> Option<Hash> {
        self.sources.get(name).map(|source| Hash::of(source.as_bytes()))
    }

    /// Makes a label: one `^XA … ^XZ`.
    ///
    /// # Errors
    /// Where there is no such template, the data is wrong or incomplete, or no label comes out.
    pub fn render(&self, name: &str, data: &LabelData) -> Result<String, TemplateError> {
        let Some(source) = self.sources.get(name) else {
            let names: Vec<&str> = self.names().collect();
            let shown = name.chars().take(64).collect();
            return Err(TemplateError::Unknown(shown, names.join(", ")));
        };
        let data = data.checked()?;
        let rendered =
            self.environment.render_named_str(name, source, Value::from_serialize(&data));
        let text = rendered.map_err(|e| render_error(name, &e))?;
        let label = |source| TemplateError::Label { name: name.to_owned(), source };
        check_label(&text).map_err(label)?;
        Ok(text)
    }
}

fn render_error(name: &str, error: &Error) -> TemplateError {
    let line = error.line().map(|line| format!("line {line}: ")).unwrap_or_default();
    let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    TemplateError::Render { name: name.to_owned(), detail: format!("{line}{detail}") }
}

/// An error of a filter.
fn invalid(problem: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidOperation, problem.to_string())
}

#[cfg(test)]
#[path = "template/test.rs"]
mod tests;
