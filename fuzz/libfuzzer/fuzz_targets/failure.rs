#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    fased_fuzz::failure::run(input);
});
