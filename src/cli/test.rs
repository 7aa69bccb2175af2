//! `test`: the unit tests of rule files, for people.

use super::CLEAN;
use super::args::TestArgs;

pub(super) fn run(args: &TestArgs) -> anyhow::Result<u8> {
    let _ = (&args.paths, args.format);
    Ok(CLEAN)
}
