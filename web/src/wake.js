// @ts-check
/**
 * Calls back whenever the page may have slept or changed its network.
 * @param {() => void} callback
 * @returns {() => void} stops
 */
export function onWake(callback) {
  const onVisible = () => document.visibilityState === 'visible' && callback();
  addEventListener('online', callback);
  addEventListener('pageshow', callback);
  document.addEventListener('visibilitychange', onVisible);
  return () => {
    removeEventListener('online', callback);
    removeEventListener('pageshow', callback);
    document.removeEventListener('visibilitychange', onVisible);
  };
}
