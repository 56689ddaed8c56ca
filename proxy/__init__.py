"""What may enter: policy, registries, mirror, cache, gate and ledger."""
