"""smsconsent: SMS that is lawful, documented and trusted."""
