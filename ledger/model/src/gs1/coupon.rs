//! North American coupons: the coupon code of (8110) and the positive offer file of (8112).

/// Takes digits from the front. None where there are too few.
struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    /// The next digit, which must be one of `from` to `to`, or 9 where that is allowed.
    fn one(&mut self, from: u8, to: u8, nine: bool) -> Option<usize> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        let digit = first.wrapping_sub(b'0');
        let good = (from..=to).contains(&digit) || nine && digit == 9;
        good.then_some(usize::from(digit))
    }

    /// The next digits.
    fn many(&mut self, count: usize) -> Option<&[u8]> {
        let (own, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(own)
    }

    /// True, and one digit further, where the next digit is this one.
    fn opens(&mut self, digit: u8) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if *first == digit => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// A length of `from` to `to` and so many digits more than it says.
    fn counted(&mut self, from: u8, to: u8, more: usize) -> Option<()> {
        let length = self.one(from, to, false)? + more;
        self.many(length).map(|_| ())
    }

    /// What has to be bought: its number, how it counts, its family.
    fn requirement(&mut self) -> Option<()> {
        self.counted(1, 5, 0)?;
        self.one(0, 4, true)?;
        self.many(3).map(|_| ())
    }

    /// A company prefix; 9 means that of the first purchase.
    fn optional_prefix(&mut self) -> Option<()> {
        match self.one(0, 6, true)? {
            9 => Some(()),
            length => self.many(length + 6).map(|_| ()),
        }
    }

    fn date(&mut self) -> Option<&[u8]> {
        let own = self.many(6)?;
        let text = std::str::from_utf8(own).ok()?;
        super::check::is_yymmdd(text).then_some(own)
    }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// True for a coupon code (GS1 US North American Coupon Application Guideline).
pub(super) fn is_coupon(text: &str) -> bool {
    all_digits(text) && coupon(&mut Digits(text.as_bytes())).is_some()
}

fn coupon(digits: &mut Digits<'_>) -> Option<()> {
    digits.counted(0, 6, 6)?;
    digits.many(6)?;
    digits.counted(1, 5, 0)?;
    digits.requirement()?;
    if digits.opens(b'1') {
        digits.one(0, 3, false)?;
        digits.requirement()?;
        digits.optional_prefix()?;
    }
    if digits.opens(b'2') {
        digits.requirement()?;
        digits.optional_prefix()?;
    }
    let mut expires = None;
    if digits.opens(b'3') {
        expires = Some(digits.date()?.to_vec());
    }
    if digits.opens(b'4') {
        let start = digits.date()?;
        if expires.is_some_and(|e| start > e.as_slice()) {
            return None;
        }
    }
    if digits.opens(b'5') {
        digits.counted(0, 9, 6)?;
    }
    if digits.opens(b'6') {
        digits.counted(1, 7, 6)?;
    }
    if digits.opens(b'9') {
        let value = digits.one(0, 6, false)?;
        if value == 3 || value == 4 {
            return None;
        }
        digits.one(0, 2, false)?;
        digits.one(0, 9, false)?;
        digits.one(0, 1, false)?;
    }
    digits.0.is_empty().then_some(())
}

/// True for a coupon of a positive offer file.
pub(super) fn is_offer(text: &str) -> bool {
    all_digits(text) && offer(&mut Digits(text.as_bytes())).is_some()
}

fn offer(digits: &mut Digits<'_>) -> Option<()> {
    digits.one(0, 1, false)?;
    digits.counted(0, 6, 6)?;
    digits.many(6)?;
    digits.counted(0, 9, 6)?;
    digits.0.is_empty().then_some(())
}
