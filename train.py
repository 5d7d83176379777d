"""Train a re-ID model and score it: `python train.py loss=semihard data=market1501`."""

from reid_lightning.run.train import main

if __name__ == "__main__":
    main()
