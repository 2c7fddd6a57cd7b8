const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

/**
 * A count with its thing: «1 thread», «12,345 threads».
 * @param many the plural, where it is not the singular with an s
 */
export function countOf(n: number, one: string, many = `${one}s`): string {
  return `${whole.format(n)} ${n === 1 ? one : many}`;
}
