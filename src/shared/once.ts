/** A task that is done when it is first asked for, and whose result is kept; one that failed is tried again. */
export function once<T>(task: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | null = null;
  return () => {
    result ??= task().catch(reason => {
      result = null;
      throw reason;
    });
    return result;
  };
}
