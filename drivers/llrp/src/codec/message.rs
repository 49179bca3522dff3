//! Messages: their types, and the ones a client or a reader sends.

use std::fmt;

use super::{
    CodecError, Cursor, Frame, LlrpStatus, Param, RoSpec, VERSION_1_0_1, cursor::Field, frame,
    param::decode_params, schema, typed,
};

/// A message's type, 0 to 1023.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageKind(pub u16);

macro_rules! kinds {
    ($($name:ident = $number:literal $(=> $response:ident)?;)*) => {
        impl MessageKind {
            $(#[doc = concat!("Type ", $number, ".")] pub const $name: Self = Self($number);)*

            /// The type that answers this one, if it is a request.
            #[must_use]
            pub fn response(self) -> Option<Self> {
                match self {
                    $($(Self::$name => Some(Self::$response),)?)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    GET_READER_CAPABILITIES = 1 => GET_READER_CAPABILITIES_RESPONSE;
    GET_READER_CONFIG = 2 => GET_READER_CONFIG_RESPONSE;
    SET_READER_CONFIG = 3 => SET_READER_CONFIG_RESPONSE;
    CLOSE_CONNECTION_RESPONSE = 4;
    GET_READER_CAPABILITIES_RESPONSE = 11;
    GET_READER_CONFIG_RESPONSE = 12;
    SET_READER_CONFIG_RESPONSE = 13;
    CLOSE_CONNECTION = 14 => CLOSE_CONNECTION_RESPONSE;
    ADD_ROSPEC = 20 => ADD_ROSPEC_RESPONSE;
    DELETE_ROSPEC = 21 => DELETE_ROSPEC_RESPONSE;
    START_ROSPEC = 22 => START_ROSPEC_RESPONSE;
    STOP_ROSPEC = 23 => STOP_ROSPEC_RESPONSE;
    ENABLE_ROSPEC = 24 => ENABLE_ROSPEC_RESPONSE;
    DISABLE_ROSPEC = 25 => DISABLE_ROSPEC_RESPONSE;
    GET_ROSPECS = 26 => GET_ROSPECS_RESPONSE;
    ADD_ROSPEC_RESPONSE = 30;
    DELETE_ROSPEC_RESPONSE = 31;
    START_ROSPEC_RESPONSE = 32;
    STOP_ROSPEC_RESPONSE = 33;
    ENABLE_ROSPEC_RESPONSE = 34;
    DISABLE_ROSPEC_RESPONSE = 35;
    GET_ROSPECS_RESPONSE = 36;
    ADD_ACCESSSPEC = 40 => ADD_ACCESSSPEC_RESPONSE;
    DELETE_ACCESSSPEC = 41 => DELETE_ACCESSSPEC_RESPONSE;
    ENABLE_ACCESSSPEC = 42 => ENABLE_ACCESSSPEC_RESPONSE;
    DISABLE_ACCESSSPEC = 43 => DISABLE_ACCESSSPEC_RESPONSE;
    GET_ACCESSSPECS = 44 => GET_ACCESSSPECS_RESPONSE;
    GET_SUPPORTED_VERSION = 46 => GET_SUPPORTED_VERSION_RESPONSE;
    SET_PROTOCOL_VERSION = 47 => SET_PROTOCOL_VERSION_RESPONSE;
    ADD_ACCESSSPEC_RESPONSE = 50;
    DELETE_ACCESSSPEC_RESPONSE = 51;
    ENABLE_ACCESSSPEC_RESPONSE = 52;
    DISABLE_ACCESSSPEC_RESPONSE = 53;
    GET_ACCESSSPECS_RESPONSE = 54;
    GET_SUPPORTED_VERSION_RESPONSE = 56;
    SET_PROTOCOL_VERSION_RESPONSE = 57;
    GET_REPORT = 60;
    RO_ACCESS_REPORT = 61;
    KEEPALIVE = 62 => KEEPALIVE_ACK;
    READER_EVENT_NOTIFICATION = 63;
    ENABLE_EVENTS_AND_REPORTS = 64;
    KEEPALIVE_ACK = 72;
    ERROR_MESSAGE = 100;
    CUSTOM_MESSAGE = 1023;
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match schema::message_name(self.0) {
            Some(name) => f.write_str(name),
            None => write!(f, "message type {}", self.0),
        }
    }
}

impl fmt::Debug for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// One message: fields as bytes, then parameters. Of an unknown type the whole body is fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Header version: 1 is LLRP 1.0.1, 2 is 1.1.
    pub version: u8,
    /// The type.
    pub kind: MessageKind,
    /// The id; a response carries its request's.
    pub id: u32,
    /// The fields before the parameters.
    pub fields: Vec<u8>,
    /// The parameters in their order.
    pub params: Vec<Param>,
}

impl Message {
    /// A message of LLRP 1.0.1 without fields or parameters.
    #[must_use]
    pub fn new(kind: MessageKind, id: u32) -> Self {
        Self { version: VERSION_1_0_1, kind, id, fields: Vec::new(), params: Vec::new() }
    }

    /// A message whose only field is a ROSpec's id (DELETE, START, STOP, ENABLE, DISABLE); 0 is all.
    #[must_use]
    pub fn on_rospec(kind: MessageKind, id: u32, rospec: u32) -> Self {
        Self::new(kind, id).field(rospec)
    }

    /// ADD_ROSPEC.
    #[must_use]
    pub fn add_rospec(id: u32, rospec: &RoSpec) -> Self {
        Self::new(MessageKind::ADD_ROSPEC, id).with(rospec)
    }

    /// GET_READER_CAPABILITIES: 0 asks for all.
    #[must_use]
    pub fn get_reader_capabilities(id: u32, requested: u8) -> Self {
        Self::new(MessageKind::GET_READER_CAPABILITIES, id).field(requested)
    }

    /// GET_READER_CONFIG of all antennas and ports: 0 asks for all.
    #[must_use]
    pub fn get_reader_config(id: u32, requested: u8) -> Self {
        Self::new(MessageKind::GET_READER_CONFIG, id)
            .field(0u16)
            .field(requested)
            .field(0u16)
            .field(0u16)
    }

    /// SET_READER_CONFIG; add what is to be set with [`Message::with`].
    #[must_use]
    pub fn set_reader_config(id: u32, reset_to_factory_default: bool) -> Self {
        Self::new(MessageKind::SET_READER_CONFIG, id).field(reset_to_factory_default)
    }

    /// A message whose first parameter is a status: any response, or ERROR_MESSAGE.
    #[must_use]
    pub fn with_status(kind: MessageKind, id: u32, status: &LlrpStatus) -> Self {
        Self::new(kind, id).with(status)
    }

    /// CUSTOM_MESSAGE.
    #[must_use]
    pub fn custom(id: u32, vendor: u32, subtype: u8, data: &[u8]) -> Self {
        let mut message = Self::new(MessageKind::CUSTOM_MESSAGE, id).field(vendor).field(subtype);
        message.fields.extend_from_slice(data);
        message
    }

    /// Adds a field.
    #[must_use]
    pub fn field(mut self, value: impl Field) -> Self {
        value.write(&mut self.fields);
        self
    }

    /// Adds a parameter.
    #[must_use]
    pub fn with(mut self, param: &impl typed::Typed) -> Self {
        self.params.push(param.to_param());
        self
    }

    /// The fields, to be read one by one.
    #[must_use]
    pub fn cursor(&self) -> Cursor<'_> {
        Cursor::new(schema::message_name(self.kind.0).unwrap_or("message"), &self.fields)
    }

    /// The first parameter of type `T`, if there is one.
    pub fn get<T: typed::Typed>(&self) -> Result<Option<T>, CodecError> {
        self.params.iter().find(|p| p.kind == T::KIND).map(T::from_param).transpose()
    }

    /// All parameters of type `T`.
    pub fn all<T: typed::Typed>(&self) -> Result<Vec<T>, CodecError> {
        self.params.iter().filter(|p| p.kind == T::KIND).map(T::from_param).collect()
    }

    /// Reads fields and parameters of a frame.
    pub fn from_frame(frame: &Frame<'_>) -> Result<Self, CodecError> {
        let fields = schema::message_fields_bytes(frame.kind.0, frame.body)?;
        let (fields, params) = frame.body.split_at(fields);
        Ok(Self {
            version: frame.version,
            kind: frame.kind,
            id: frame.id,
            fields: fields.to_vec(),
            params: decode_params(params)?,
        })
    }

    /// The frame's bytes. Fails on what is too long for its length field.
    pub fn encode(&self) -> Result<Vec<u8>, CodecError> {
        let mut out = Vec::with_capacity(64);
        let at = frame::start(self.version, self.kind, self.id, &mut out);
        out.extend_from_slice(&self.fields);
        for param in &self.params {
            param.encode(&mut out)?;
        }
        frame::finish(at, &mut out)?;
        Ok(out)
    }
}
