"""Remove two trained models from a cache, drawn by a commit's hash: `python .ci/forget_models.py CACHE COMMIT`.

What is trained again has to come out the same. Over many commits every model is drawn; in one run, two cost a minute.
"""

import random
import sys
from pathlib import Path


def main(cache: Path, commit: str) -> None:
    models = sorted(cache.glob("recipes/*/*.safetensors"))
    for path in random.Random(commit).sample(models, 2):
        print(f"{path.stem} is to be trained again")
        path.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
