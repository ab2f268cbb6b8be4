"""Cut an encoder's vocabulary to the pieces that European customers' texts need (extra ``train``).

The original multilingual-e5-small knows 250,037 pieces of a hundred scripts: as int8 they alone are 96 MB. What ships knows the
63,180 that the word lists of ten European languages use, with single characters, digits, symbols and emojis; its tokenizer says
which. Rarer words fall into smaller pieces, nothing becomes unreadable.
"""

from pathlib import Path

import torch
from transformers import AutoModel, AutoTokenizer

from desk.errors import KummerkastenError
from nlp.whole import whole

SHIPPED = Path(__file__).parent / "model"


def cut(base: str, folder: Path, kept: Path = SHIPPED) -> str:
    """Write *base* (a hub name or a folder) to *folder* with the pieces of the tokenizer in *kept* alone; return the folder.

    Returns *base* itself where it has these pieces already, and does nothing where *folder* is there.
    Raises KummerkastenError where *base* lacks some of them.
    """
    if folder.exists():
        return str(folder)
    full, wanted = AutoTokenizer.from_pretrained(base).get_vocab(), AutoTokenizer.from_pretrained(kept)
    pieces = wanted.get_vocab()
    if full == pieces:
        return base
    if missing := sorted(set(pieces) - set(full)):
        raise KummerkastenError(
            f"{base} lacks {len(missing)} pieces that {kept} knows, {missing[0]!r} among them: another encoder"
        )
    encoder = AutoModel.from_pretrained(base, add_pooling_layer=False)
    order = sorted(pieces, key=lambda piece: pieces[piece])
    places = torch.tensor([full[piece] for piece in order])
    words = encoder.embeddings.word_embeddings
    encoder.embeddings.word_embeddings = torch.nn.Embedding.from_pretrained(
        words.weight[places].clone(), padding_idx=wanted.pad_token_id
    )
    encoder.config.vocab_size, encoder.config.pad_token_id = len(order), wanted.pad_token_id
    with whole(folder) as made:
        encoder.save_pretrained(made)
        wanted.save_pretrained(made)
    return str(folder)
