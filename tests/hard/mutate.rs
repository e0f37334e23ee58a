//! Changed inputs: those of the corpus and those found on the way, cut, joined, repeated and strewn with tokens. The same
//! seed makes the same inputs.

/// Tokens of the formats, in libFuzzer's form, which `cargo fuzz` reads too.
const TOKENS: &str = include_str!("../../fuzz/tokens.dict");
/// Longest input.
const LONGEST: usize = 64 * 1024;
/// Longest input that is changed further: longer ones are slow and show little that shorter ones do not.
const LONGEST_KEPT: usize = 2 * 1024;

/// Makes inputs.
pub(crate) struct Mutator {
    random: Random,
    tokens: Vec<Vec<u8>>,
    pool: Vec<Vec<u8>>,
    /// How many of the pool are the corpus and stay.
    seeds: usize,
}

impl Mutator {
    pub(crate) fn new(seed: u64, corpus: Vec<Vec<u8>>) -> Self {
        let tokens = TOKENS.lines().filter_map(token).collect();
        Self { random: Random(seed), tokens, seeds: corpus.len(), pool: corpus }
    }

    /// A changed input.
    pub(crate) fn next_input(&mut self) -> Vec<u8> {
        let mut input = self.any_input();
        for _ in 0..=self.random.below(4) {
            self.change(&mut input);
        }
        input.truncate(LONGEST);
        input
    }

    /// Keeps an input to be changed further, in the place of another one when there are `most` already.
    pub(crate) fn keep(&mut self, input: Vec<u8>, most: usize) {
        if input.len() > LONGEST_KEPT {
            return;
        }
        if self.pool.len() < self.seeds + most {
            self.pool.push(input);
        } else if self.random.below(8) == 0 {
            let place = self.seeds + self.random.below(most);
            self.pool[place] = input;
        }
    }

    fn any_input(&mut self) -> Vec<u8> {
        let place = self.random.below(self.pool.len());
        self.pool[place].clone()
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.random.below(input.len() + 1);
        let length = self.length().min(input.len() - at);
        match self.random.below(12) {
            0 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << self.random.below(8);
                }
            }
            1 => {
                let byte = self.random.byte();
                input.insert(at, byte);
            }
            2 => drop(input.drain(at..at + length)),
            3 => {
                let part = input[at..at + length].to_vec();
                let to = self.random.below(input.len() + 1);
                splice(input, to, 0, &part);
            }
            4 => {
                let part = input[at..at + length].to_vec();
                let times = self.times();
                splice(input, at, 0, &part.repeat(times));
            }
            5 => {
                let other = self.any_input();
                let from = self.random.below(other.len() + 1);
                let until = from + self.length().min(other.len() - from);
                splice(input, at, length, &other[from..until]);
            }
            6 => {
                let token = self.token();
                splice(input, at, length, &token);
            }
            7 => {
                let token = self.token();
                let times = self.times();
                splice(input, at, 0, &token.repeat(times));
            }
            8 => {
                let character = self.random.character();
                splice(input, at, 0, character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => {
                let token = self.token();
                splice(input, at, 0, &token);
            }
        }
    }

    fn token(&mut self) -> Vec<u8> {
        let place = self.random.below(self.tokens.len());
        self.tokens[place].clone()
    }

    /// Mostly short.
    fn length(&mut self) -> usize {
        let most = [2, 4, 8, 16, 32, 64, 128, 1024][self.random.below(8)];
        self.random.below(most)
    }

    /// Mostly few; now and then so many that a parser which recurses without a limit would overflow.
    fn times(&mut self) -> usize {
        let most = [2, 2, 3, 3, 4, 4, 8, 16, 16, 32, 200, 20_000][self.random.below(12)];
        self.random.below(most)
    }
}

fn splice(input: &mut Vec<u8>, at: usize, length: usize, part: &[u8]) {
    let part = &part[..part.len().min(LONGEST)];
    input.splice(at..at + length, part.iter().copied());
}

/// A token of a line like `"\x00a\"b"`.
fn token(line: &str) -> Option<Vec<u8>> {
    let mut rest = line.strip_prefix('"')?.strip_suffix('"')?;
    let mut token = Vec::new();
    while !rest.is_empty() {
        let (byte, length) = match rest.strip_prefix('\\') {
            Some(escape) => match escape.strip_prefix('x') {
                Some(digits) => (u8::from_str_radix(digits.get(..2)?, 16).ok()?, 4),
                None => (*escape.as_bytes().first()?, 2),
            },
            None => (rest.as_bytes()[0], 1),
        };
        token.push(byte);
        rest = rest.get(length..)?;
    }
    Some(token)
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below a limit that is not zero.
    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        usize::try_from(self.next() % limit).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    fn character(&mut self) -> char {
        loop {
            let range = [0x100, 0x3000, 0x11_0000][self.below(3)];
            if let Some(c) = u32::try_from(self.below(range)).ok().and_then(char::from_u32) {
                return c;
            }
        }
    }
}
