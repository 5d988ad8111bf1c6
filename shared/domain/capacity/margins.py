"""How caps per second and the ends of windows are kept.

It is not in the dialer, because whoever foretells how long a campaign takes must know it too.
"""

from datetime import timedelta

# A cap per second grants so many permits in each of these. It is longer than the second by the
# permit's life, and by what the network and the carrier may add or take, so that the carrier never
# sees a second with more than the cap.
RATE_WINDOW = timedelta(milliseconds=1_250)
# Nothing is dialed this shortly before its window closes: the network and the carrier need time.
WINDOW_MARGIN = timedelta(seconds=2)
# Who waits for a cap or a silence is asked about again after this: somebody may have loosened it.
RECHECK_AFTER = timedelta(days=1)
