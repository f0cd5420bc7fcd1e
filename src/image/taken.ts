/** Someone else makes a version with the same number: this run takes the next number, or fails where the number was requested. */
import { ActionError } from '../errors/explanation.ts'

export class VersionTakenError extends ActionError {
  readonly version: string

  constructor(version: string, seen: string) {
    super({
      title: 'Version made by someone else',
      message: `version ${version} ${seen}; this run did not touch it`,
      hint: 'Choose another `image-version`, or `auto`. A `concurrency` group in the workflow keeps runs from meeting.',
      link: 'https://docs.github.com/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency',
    })
    this.version = version
  }
}
