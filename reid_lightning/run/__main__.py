"""`python -m reid_lightning.run train …`: how the other processes of a job are started."""

import sys

from reid_lightning.run import evaluate, train

if __name__ == "__main__":
    {"train": train, "evaluate": evaluate}[sys.argv[1]].main(sys.argv[2:])
