"""Score a checkpoint on any set: `python evaluate.py checkpoint=… data=market1501`."""

from reid_lightning.run.evaluate import main

if __name__ == "__main__":
    main()
