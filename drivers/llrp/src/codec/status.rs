//! LLRPStatus: what a reader answers, and how it is told to a person.

use std::fmt;

use super::{schema, typed::parameters};

parameters! {
    /// The outcome of a request.
    LlrpStatus = 287 "LLRPStatus" {
        /// The outcome.
        code: StatusCode,
        /// The reader's own words.
        description: String,
    } {
        /// A field of the message at fault.
        field: Option<FieldError>,
        /// A parameter of the message at fault.
        parameter: Option<ParameterError>,
    }

    /// Which field is at fault, counted from 0.
    FieldError = 288 "FieldError" {
        /// The field's number.
        field: u16,
        /// What is wrong with it.
        code: StatusCode,
    }

    /// Which parameter is at fault.
    ParameterError = 289 "ParameterError" {
        /// The parameter's type.
        kind: u16,
        /// What is wrong with it.
        code: StatusCode,
    } {
        /// A field of the parameter.
        field: Option<FieldError>,
        /// A parameter within it.
        inner: Option<BoxedError>,
    }
}

/// A status code (1.0.1 section 14.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct StatusCode(pub u16);

macro_rules! codes {
    ($($name:ident $wire:literal = $number:literal;)*) => {
        impl StatusCode {
            $(#[doc = concat!("`", $wire, "`, ", $number, ".")] pub const $name: Self = Self($number);)*

            /// The standard's name.
            #[must_use]
            pub fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => Some($wire),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    SUCCESS "M_Success" = 0;
    PARAMETER_ERROR "M_ParameterError" = 100;
    FIELD_ERROR "M_FieldError" = 101;
    UNEXPECTED_PARAMETER "M_UnexpectedParameter" = 102;
    MISSING_PARAMETER "M_MissingParameter" = 103;
    DUPLICATE_PARAMETER "M_DuplicateParameter" = 104;
    OVERFLOW_PARAMETER "M_OverflowParameter" = 105;
    OVERFLOW_FIELD "M_OverflowField" = 106;
    UNKNOWN_PARAMETER "M_UnknownParameter" = 107;
    UNKNOWN_FIELD "M_UnknownField" = 108;
    UNSUPPORTED_MESSAGE "M_UnsupportedMessage" = 109;
    UNSUPPORTED_VERSION "M_UnsupportedVersion" = 110;
    UNSUPPORTED_PARAMETER "M_UnsupportedParameter" = 111;
    UNEXPECTED_MESSAGE "M_UnexpectedMessage" = 112;
    P_PARAMETER_ERROR "P_ParameterError" = 200;
    P_FIELD_ERROR "P_FieldError" = 201;
    P_UNEXPECTED_PARAMETER "P_UnexpectedParameter" = 202;
    P_MISSING_PARAMETER "P_MissingParameter" = 203;
    P_DUPLICATE_PARAMETER "P_DuplicateParameter" = 204;
    P_OVERFLOW_PARAMETER "P_OverflowParameter" = 205;
    P_OVERFLOW_FIELD "P_OverflowField" = 206;
    P_UNKNOWN_PARAMETER "P_UnknownParameter" = 207;
    P_UNKNOWN_FIELD "P_UnknownField" = 208;
    P_UNSUPPORTED_PARAMETER "P_UnsupportedParameter" = 209;
    A_INVALID "A_Invalid" = 300;
    A_OUT_OF_RANGE "A_OutOfRange" = 301;
    DEVICE_ERROR "R_DeviceError" = 401;
}

impl super::cursor::Field for StatusCode {
    fn read(cursor: &mut super::Cursor<'_>) -> Result<Self, super::CodecError> {
        cursor.get().map(Self)
    }
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name().unwrap_or("unknown status"), self.0)
    }
}

/// A [`ParameterError`] within another; boxed because the type contains itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BoxedError(pub Box<ParameterError>);

impl super::Typed for BoxedError {
    const KIND: u16 = ParameterError::KIND;
    const NAME: &'static str = ParameterError::NAME;

    fn from_param(param: &super::Param) -> Result<Self, super::CodecError> {
        ParameterError::from_param(param).map(|error| Self(Box::new(error)))
    }
    fn to_param(&self) -> super::Param {
        self.0.to_param()
    }
}

impl LlrpStatus {
    /// All went well.
    #[must_use]
    pub fn success() -> Self {
        Self::default()
    }

    /// A refusal with the reader's words.
    #[must_use]
    pub fn error(code: StatusCode, description: &str) -> Self {
        Self { code, description: description.into(), ..Self::default() }
    }

    /// Whether all went well.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.code == StatusCode::SUCCESS
    }
}

/// `M_ParameterError (100): "text"; in ROSpec (177): P_FieldError (201), field 2: …`
impl fmt::Display for LlrpStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if !self.description.is_empty() {
            write!(f, ": {:?}", self.description)?;
        }
        if let Some(error) = &self.field {
            write!(f, "; field {}: {}", error.field, error.code)?;
        }
        let mut at = self.parameter.as_ref();
        while let Some(error) = at {
            let name = schema::param_name(error.kind).unwrap_or("parameter");
            write!(f, "; in {name} ({}): {}", error.kind, error.code)?;
            if let Some(field) = &error.field {
                write!(f, ", field {}: {}", field.field, field.code)?;
            }
            at = error.inner.as_ref().map(|inner| &*inner.0);
        }
        Ok(())
    }
}
