/** Someone else makes a version of the same number: whoever loses takes the next one, or is refused where the number was asked for. */
import { ActionError } from '../errors/explanation.ts'

export class VersionTakenError extends ActionError {
  readonly version: string

  constructor(version: string, seen: string) {
    super({
      title: 'Version made by someone else',
      message: `version ${version} ${seen}; nothing of it was touched`,
      hint: 'Choose another `image-version`, or `auto`. A `concurrency` group in the workflow keeps runs from meeting.',
      link: 'https://docs.github.com/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency',
    })
    this.version = version
  }
}
