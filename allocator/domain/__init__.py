"""The world in the field's terms: frozen, validated, standard library only."""
