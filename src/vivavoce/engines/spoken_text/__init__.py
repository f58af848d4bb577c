"""What a voice is given to say: text cut into pieces, freed of markup and written out in words."""

from vivavoce.engines.spoken_text.markup import MarkupFilter, strip_markup
from vivavoce.engines.spoken_text.normalisation import normalise
from vivavoce.engines.spoken_text.sentences import SentenceStream, sentences_of
from vivavoce.engines.spoken_text.spoken_form import SpokenForm

__all__ = ["MarkupFilter", "SentenceStream", "SpokenForm", "normalise", "sentences_of", "strip_markup"]
