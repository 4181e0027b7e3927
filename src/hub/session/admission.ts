/** Places for handshakes under way. What comes when all are taken is sent away with a time, not queued without end. */
export interface Admission {
  /** Answers what gives the place back, any number of times; undefined where there is none. */
  readonly enter: (address: string) => (() => void) | undefined;
  /** Whole seconds after which one that was sent away may come again: later, the more were sent away of late. */
  readonly retryAfterS: () => number;
}

const MAX_RETRY_S = 30;

export function admission(limits: { readonly total: number; readonly perAddress: number }): Admission {
  const taken = new Map<string, number>();
  let total = 0;
  let sentAway = 0;
  return {
    enter(address) {
      const mine = taken.get(address) ?? 0;
      if (total >= limits.total || mine >= limits.perAddress) {
        sentAway += 1;
        return undefined;
      }
      total += 1;
      taken.set(address, mine + 1);
      let inside = true;
      return () => {
        if (!inside) return;
        inside = false;
        total -= 1;
        const left = (taken.get(address) ?? 1) - 1;
        if (left === 0) taken.delete(address);
        else taken.set(address, left);
        if (total === 0) sentAway = 0;
      };
    },
    retryAfterS: () => Math.min(MAX_RETRY_S, 1 + Math.floor(sentAway / limits.total)),
  };
}
