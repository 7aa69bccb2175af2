//! Rollouts of Argo: which Services take part, the one that calls come from first.

use super::lowering::Lowering;
use super::values::text;
use crate::model::Link;

/// Where a Rollout names its Services.
const SERVICES: [&[&str]; 4] = [
    &["strategy", "canary", "stableService"],
    &["strategy", "canary", "canaryService"],
    &["strategy", "blueGreen", "activeService"],
    &["strategy", "blueGreen", "previewService"],
];

impl Lowering<'_, '_> {
    /// Links every Rollout with its Services.
    pub(super) fn link_rollouts(&mut self) {
        for (idx, object) in self.world.objects.iter().enumerate() {
            if !object.is("argoproj.io", "Rollout") {
                continue;
            }
            for name in SERVICES.iter().filter_map(|path| object.spec(path).and_then(text)) {
                // Of several Services with this name none is known to be meant.
                if let [service] = self.services.find(self.world, name, object)[..] {
                    let service = self.services.all[service].resource;
                    self.builder.link(self.resources[idx], Link::Services, service);
                }
            }
        }
    }
}
