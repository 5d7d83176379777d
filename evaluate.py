"""Score a checkpoint on any set: `python evaluate.py checkpoint=… data=market1501`."""

from reid_lightning.process import exit_at_signals, keep_streams, share_cores

if __name__ == "__main__":
    keep_streams()
    share_cores()
    with exit_at_signals():  # imports take seconds
        from reid_lightning.run.evaluate import main
    main()
