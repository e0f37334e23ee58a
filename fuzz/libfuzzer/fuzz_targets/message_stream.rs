#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    fased_fuzz::message_stream::run(input);
});
