"""Runs the kit: preflight, plan, cases, exploration and clean-up."""
