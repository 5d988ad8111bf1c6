"""Safety margins of caps per second and of the ends of windows.

The dialer keeps them; the forecast and the simulation use them, too.
"""

from datetime import timedelta

# The span in which calls per second are counted: any second. A provider may count its trunk's calls
# in a longer one; all other caps are promises of this installation and keep the second.
RATE_SPAN = timedelta(seconds=1)
LONGEST_RATE_SPAN = timedelta(minutes=1)
# Permits are counted in a window that is longer than the span by this much. A permit may be used
# for 0.15 s after it was asked for, and the network and the carrier may add or take some more; so
# the carrier never sees a span with more calls than the cap allows. It does not grow with the span.
RATE_MARGIN = timedelta(milliseconds=250)
RATE_WINDOW = RATE_SPAN + RATE_MARGIN
# Nothing is dialed this shortly before its window closes: the network and the carrier need time.
WINDOW_MARGIN = timedelta(seconds=2)
# A contact that waits for a cap or a silence is decided on again after this: an owner may have
# loosened the rule.
RECHECK_AFTER = timedelta(days=1)
