//! The parameter tree: TV and TLV parameters, known and unknown, kept byte for byte.

use super::{CodecError, DEPTH_MAX, PARAMS_MAX, schema};

/// First type of TLV parameters; those below are TV encoded.
pub const TLV_FIRST: u16 = 128;
const TLV_HEADER_BYTES: usize = 4;

/// One parameter.
///
/// `fields` are the bytes before the sub-parameters, as [`schema`] lays them out; of an unknown
/// type all bytes are fields. Reserved bits in a TLV header are not kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Param {
    /// The parameter's type, 1 to 1023.
    pub kind: u16,
    /// Its fields as they stand on the wire.
    pub fields: Vec<u8>,
    /// Its sub-parameters in their order.
    pub params: Vec<Param>,
}

impl Param {
    /// A vendor's parameter (type 1023).
    #[must_use]
    pub fn custom(vendor: u32, subtype: u32, data: &[u8]) -> Self {
        let mut fields = Vec::with_capacity(8 + data.len());
        fields.extend_from_slice(&vendor.to_be_bytes());
        fields.extend_from_slice(&subtype.to_be_bytes());
        fields.extend_from_slice(data);
        Self { kind: schema::CUSTOM, fields, params: Vec::new() }
    }

    /// Vendor, subtype and data, if this is a vendor's parameter.
    #[must_use]
    pub fn as_custom(&self) -> Option<(u32, u32, &[u8])> {
        if self.kind != schema::CUSTOM {
            return None;
        }
        let (vendor, rest) = self.fields.split_first_chunk::<4>()?;
        let (subtype, data) = rest.split_first_chunk::<4>()?;
        Some((u32::from_be_bytes(*vendor), u32::from_be_bytes(*subtype), data))
    }

    /// The name the standard gives this type, or `parameter`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        schema::param_name(self.kind).unwrap_or("parameter")
    }

    /// Writes the parameter at the end of `out`.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let at = out.len();
        if self.kind < TLV_FIRST {
            let bytes = self.fields.len();
            if schema::tv_bytes(self.kind) != Some(bytes) || !self.params.is_empty() {
                return Err(CodecError::TvLength { kind: self.kind, bytes });
            }
            out.push(0x80 | self.kind.to_be_bytes()[1]);
            out.extend_from_slice(&self.fields);
            return Ok(());
        }
        out.extend_from_slice(&(self.kind & 0x3FF).to_be_bytes());
        out.extend_from_slice(&[0; 2]);
        out.extend_from_slice(&self.fields);
        for param in &self.params {
            param.encode(out)?;
        }
        finish_tlv(self.name(), at, out)
    }
}

/// Fills in the length of the TLV parameter that starts at `at`.
pub(super) fn finish_tlv(what: &'static str, at: usize, out: &mut [u8]) -> Result<(), CodecError> {
    let bytes = out.len() - at;
    let length = u16::try_from(bytes).map_err(|_| CodecError::TooLong { what, bytes })?;
    out[at + 2..at + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

/// Parses `bytes` as a run of parameters.
pub fn decode_params(bytes: &[u8]) -> Result<Vec<Param>, CodecError> {
    let mut left = PARAMS_MAX;
    run(bytes, 0, &mut left)
}

fn run(mut bytes: &[u8], depth: usize, left: &mut usize) -> Result<Vec<Param>, CodecError> {
    if depth > DEPTH_MAX {
        return Err(CodecError::Depth);
    }
    let mut params = Vec::new();
    while !bytes.is_empty() {
        *left = left.checked_sub(1).ok_or(CodecError::Count)?;
        let raw = split_param(bytes)?;
        params.push(open(&raw, depth, left)?);
        bytes = raw.rest;
    }
    Ok(params)
}

fn open(raw: &RawParam<'_>, depth: usize, left: &mut usize) -> Result<Param, CodecError> {
    let fields = schema::param_fields_bytes(raw.kind, raw.content)?;
    let (fields, below) = raw.content.split_at(fields);
    Ok(Param { kind: raw.kind, fields: fields.to_vec(), params: run(below, depth + 1, left)? })
}

/// A parameter whose bounds are known and whose content has not been looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawParam<'a> {
    pub(crate) kind: u16,
    /// What follows the parameter's header.
    pub(crate) content: &'a [u8],
    /// What follows the parameter.
    pub(crate) rest: &'a [u8],
}

/// The first parameter of `bytes`, which must not be empty.
#[inline]
pub(crate) fn split_param(bytes: &[u8]) -> Result<RawParam<'_>, CodecError> {
    let available = bytes.len();
    let first = *bytes.first().ok_or(CodecError::Short("parameter"))?;
    if first & 0x80 != 0 {
        let kind = first & 0x7F;
        let length = schema::tv_bytes(kind.into()).ok_or(CodecError::UnknownTv(kind))?;
        let claimed = length + 1;
        let kind = kind.into();
        let content =
            bytes.get(1..claimed).ok_or(CodecError::ParamLength { kind, claimed, available })?;
        return Ok(RawParam { kind, content, rest: &bytes[claimed..] });
    }
    let [k0, k1, l0, l1] =
        *bytes.first_chunk::<TLV_HEADER_BYTES>().ok_or(CodecError::Short("parameter header"))?;
    let kind = u16::from_be_bytes([k0, k1]) & 0x3FF;
    if kind < TLV_FIRST {
        return Err(CodecError::TlvKind(kind));
    }
    let claimed = usize::from(u16::from_be_bytes([l0, l1]));
    let content = bytes.get(TLV_HEADER_BYTES..claimed).ok_or(CodecError::ParamLength {
        kind,
        claimed,
        available,
    })?;
    Ok(RawParam { kind, content, rest: &bytes[claimed..] })
}
