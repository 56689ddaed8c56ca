"""Bundles: what crosses an air gap, signed, and checked to the last byte before anything of it is seen."""
