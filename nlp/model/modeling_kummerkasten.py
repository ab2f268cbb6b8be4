"""Lets transformers load this folder as it is: ``AutoModel.from_pretrained(folder, trust_remote_code=True)``.

The weights are those of ``encoder.onnx``, int8 times their scale, as fp32 (`nlp.unpack` says more); nothing is fetched. What is
saved from it has ``model.safetensors``, which is read from then on.
"""

from pathlib import Path
from typing import Any

import torch
from transformers import BertConfig, BertModel

try:  # transformers would take the name of a missing module for that of its package, which is another's
    from nlp.unpack import numbers_of, weights
except ModuleNotFoundError as error:
    raise ImportError("This folder is read by kummerkasten. Install it: pip install 'kummerkasten[train]'") from error


class KummerkastenModel(BertModel):  # type: ignore[no-untyped-call]  # a hook of transformers' own
    """The encoder of a tagger that ships: a BertModel without pooling layer."""

    def __init__(self, config: Any, add_pooling_layer: bool = False) -> None:
        super().__init__(config, add_pooling_layer=add_pooling_layer)

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: Any, *model_args: Any, **kwargs: Any) -> Any:
        """Return the encoder in a folder; raises ValueError where its ``encoder.onnx`` is not one of ours."""
        folder = Path(pretrained_model_name_or_path)
        graph = folder / "encoder.onnx"
        if (folder / "model.safetensors").exists() or not graph.exists():
            return super().from_pretrained(folder, *model_args, **kwargs)
        config = kwargs.pop("config", None) or BertConfig.from_pretrained(folder)
        found = weights(numbers_of(graph), config.to_dict())
        tensors = {name: torch.from_numpy(one) for name, one in found.items()}
        return super().from_pretrained(None, *model_args, config=config, state_dict=tensors, **kwargs)
