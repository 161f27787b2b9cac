"""A local Strex Connect: API, callbacks, delays and faults, and a mobile phone to answer with.

A process of its own (`python -m smsconsent.gateways.simulator`), on the loopback address only. It knows
nothing of the rest of the code base, so that it can prove it wrong: whatever Strex does, written once more.
Where Strex' behaviour is not documented it is a switch (`switches.py`). What is imitated, and why, stands in
docs/gateways.md.
"""
