"""Train a re-ID model and score it: `python train.py loss=semihard data=market1501`."""

from reid_lightning.process import exit_at_signals, keep_streams, share_cores

if __name__ == "__main__":
    keep_streams()
    share_cores()
    with exit_at_signals():  # imports take seconds
        from reid_lightning.run.train import main
    main()
