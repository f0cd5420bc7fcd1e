/**
 * Microsoft's OpenAPI documents, which are not part of this repository: beside it, or fetched into a folder that git ignores.
 * `npm run specs` fetches them from Microsoft's public repository at a pinned commit, with git; `--from URL --commit SHA` takes another.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'

const ROOT = path.join(import.meta.dirname, '../..')
/** Recordings of real Azure lie here, too. */
export const RECORDINGS = path.join(ROOT, '../shared/azure-data')
const FETCHED = path.join(ROOT, '.cache/azure-rest-api-specs')

const REPOSITORY = 'https://github.com/Azure/azure-rest-api-specs.git'
/** Of 16 July 2024: the last state that has all of these folders side by side. */
const COMMIT = 'b57df44178d5249021b520845425671bb7507dd7'
const FOLDERS = [
  'specification/batch/resource-manager/Microsoft.Batch/stable/2024-02-01',
  'specification/batch/data-plane/Microsoft.Batch/stable/2024-02-01.19.0',
  'specification/compute/resource-manager/Microsoft.Compute/ComputeRP/stable/2024-03-01',
  'specification/compute/resource-manager/Microsoft.Compute/DiskRP/stable/2024-03-02',
  'specification/compute/resource-manager/Microsoft.Compute/GalleryRP/stable/2023-07-03',
  'specification/compute/resource-manager/Microsoft.Compute/Skus/stable/2021-07-01',
  'specification/compute/resource-manager/Microsoft.Compute/common-types/v1',
  'specification/common-types/resource-management',
]

/** The folder that holds `specification/`; `undefined` where the documents are nowhere. */
export const SPECS: string | undefined = [path.join(RECORDINGS, 'specs'), FETCHED].find((folder) =>
  FOLDERS.slice(0, -1).every((name) => existsSync(path.join(folder, name))),
)

function fetchDocuments(url: string, commit: string): void {
  rmSync(FETCHED, { recursive: true, force: true })
  mkdirSync(FETCHED, { recursive: true })
  const git = (...args: readonly string[]) => {
    const { status, error } = spawnSync('git', args, { cwd: FETCHED, stdio: 'inherit' })
    if (status !== 0) throw new Error(`git ${args[0]} failed${error ? `: ${error.message}` : ''}`)
  }
  git('init', '--quiet')
  git('remote', 'add', 'origin', url)
  git('sparse-checkout', 'set', ...FOLDERS)
  // Only the files of these folders are fetched: the repository is several gigabytes.
  git('fetch', '--quiet', '--depth=1', '--filter=blob:none', 'origin', commit)
  git('checkout', '--quiet', 'FETCH_HEAD')
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { from: { type: 'string', default: REPOSITORY }, commit: { type: 'string', default: COMMIT } } })
  fetchDocuments(values.from, values.commit)
  const missing = FOLDERS.slice(0, -1).filter((name) => !existsSync(path.join(FETCHED, name)))
  console.log(missing.length === 0 ? `OpenAPI documents: ${FETCHED}` : `not in that commit: ${missing.join(', ')}`)
  if (missing.length > 0) process.exitCode = 1
}
