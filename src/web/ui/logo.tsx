/** The mark: a road on arches over water. */
export function LogoMark({ width = 26 }: { width?: number }) {
  return (
    <svg width={width} height={(width * 20) / 26} viewBox="0 0 26 20" fill="none" stroke="currentColor" strokeWidth="2" aria-hidden="true">
      <path d="M1 7h24" />
      <path d="M4 7c0 6 5 6 5 0m8 0c0 6 5 6 5 0M9 7c0 6 8 6 8 0" />
      <path d="M1 17c3-2 5 2 8 0s5 2 8 0 5 2 8 0" strokeWidth="1.4" opacity=".55" />
    </svg>
  );
}
